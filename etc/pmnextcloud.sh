#!/bin/sh
# What BILLmanager starts: hands over to the Python of the installed version.
home='@HOME@'

fail() { # fail TYPE VALUE
    umask 077
    printf '%s,000 [%s] ERROR - - failed: %s: %s\n' \
        "$(date '+%F %T')" $$ "$1" "$2" >>'@BASE@/var/pmnextcloud.log'
    printf '<?xml version="1.0" encoding="UTF-8"?>\n'
    printf '<doc><error type="%s" object=""><param name="value">%s</param></error></doc>\n' "$1" "$2"
    exit 1
}

# The libraries of all commands take up to 112 MiB (measured on Python 3.8, 3.9 and 3.13). With less a
# run would end without an answer, or by an error that does not name the memory. Only the hard limit
# counts: a process may lift the other one by itself, and the program sets its own.
# shellcheck disable=SC3045  # each sh that a Linux brings knows it
needed_kib=131072 most_kib=$(ulimit -H -v) || most_kib=
case $most_kib in
    *[!0-9]* | '') ;;
    *) [ "$most_kib" -ge $needed_kib ] || fail out_of_memory "ulimit -v $most_kib, $needed_kib KiB" ;;
esac
# shellcheck disable=SC3045
[ -z "$most_kib" ] || ulimit -S -v "$most_kib"

[ ! -x "$home/env/bin/python" ] ||
    PMNEXTCLOUD_STARTED_AS=$0 exec "$home/env/bin/python" -Es "$home/pmnextcloud.py" "$@"
fail python_missing 'make -C @BASE@/src/pmnextcloud install-only'
