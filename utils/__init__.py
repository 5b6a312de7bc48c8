"""What the commands stand on: BILLmanager on one side, the cloud on the other."""
