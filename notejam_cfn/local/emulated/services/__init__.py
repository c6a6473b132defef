"""What ministack lacks of AWS's services, or does otherwise than AWS: a module for each, which changes ministack."""
