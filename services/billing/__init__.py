"""What accounts pay: subscriptions, invoices, payments, recurring revenue."""
