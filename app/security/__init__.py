"""Who is asking: sessions and signatures, password hashes, and limits on attempts."""
