#!/bin/sh
# What BILLmanager starts for payments with WEBPAY, and its web server by the names of scripts: hands
# over to the Python of the installed version.
home='@HOME@'
[ ! -x "$home/env/bin/python" ] ||
    PMWEBPAY_STARTED_AS=$0 exec "$home/env/bin/python" -Es "$home/pmwebpay.py" "$@"

repair='make -C @BASE@/src/pmnextcloud install-only'
umask 077
printf '%s,000 [%s] ERROR - - failed: python_missing: %s\n' \
    "$(date '+%F %T')" $$ "$repair" >>'@BASE@/var/pmnextcloud.log'
case $0 in
    */cgi/*) printf 'Status: 503 Service Unavailable\nContent-Type: text/plain\n\ntry again\n' ;;
    *) cat <<END ;;
<?xml version="1.0" encoding="UTF-8"?>
<doc><error type="python_missing" object=""><param name="value">$repair</param></error></doc>
END
esac
