# What BILLmanager runs here when the module does not answer, how to go back to the version before
# (install-only BACK_TO=name of its folder), how to take the module out, how to have the page of a
# service come or go as the settings say, and what is wrong.
export BASE ?= @BASE@
export LOGROTATE ?= @LOGROTATE@
export CRONTABS ?= @CRONTABS@

.PHONY: install-only uninstall purge page doctor

install-only:
	$(or $(BACK_TO:%=versions/%),current)/etc/install $@

uninstall purge:
	current/etc/uninstall $@

page:
	current/etc/page

doctor:
	@"$(BASE)/processing/pmnextcloud" --command doctor
