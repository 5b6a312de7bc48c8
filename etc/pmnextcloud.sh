#!/bin/sh
# What BILLmanager starts: hands over to the Python of the installed version.
home='@HOME@'
[ ! -x "$home/env/bin/python" ] ||
    PMNEXTCLOUD_STARTED_AS=$0 exec "$home/env/bin/python" -Es "$home/pmnextcloud.py" "$@"

repair='make -C @BASE@/src/pmnextcloud install-only'
umask 077
printf '%s,000 [%s] ERROR - - failed: python_missing: %s\n' \
    "$(date '+%F %T')" $$ "$repair" >>'@BASE@/var/pmnextcloud.log'
cat <<END
<?xml version="1.0" encoding="UTF-8"?>
<doc><error type="python_missing" object=""><param name="value">$repair</param></error></doc>
END
exit 1
