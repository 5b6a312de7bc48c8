# What BILLmanager runs here when the module does not answer, how to go back to the version before
# (install-only BACK_TO=name of its folder), how to take the module out, and what is wrong with it.
export BASE ?= @BASE@
export LOGROTATE ?= @LOGROTATE@

.PHONY: install-only uninstall purge doctor

install-only:
	$(or $(BACK_TO:%=versions/%),current)/etc/install $@

uninstall purge:
	current/etc/uninstall $@

doctor:
	@"$(BASE)/processing/pmnextcloud" --command doctor
