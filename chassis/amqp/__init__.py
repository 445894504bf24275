"""An AMQP 0-9-1 client that writes once and reads once for all that is to be said in one turn of the event loop."""
