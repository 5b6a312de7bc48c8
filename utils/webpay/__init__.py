"""WEBPAY: how a payment is sent there, how its notifications are taken, what staff is told."""
