"""The cloud on the wire: HTTP, the OCS envelope, the products, the login, its late refusals."""
