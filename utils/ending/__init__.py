"""The end of services: accounts that wait, their deletion and its proof, and their return."""
