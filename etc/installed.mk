# What BILLmanager runs here when the module does not answer, and how to take the module out.
export BASE ?= @BASE@
export LOGROTATE ?= @LOGROTATE@

.PHONY: install-only uninstall purge

install-only:
	current/etc/install install-only

uninstall purge:
	current/etc/uninstall $@
