"""What ministack is taught of AWS, module by module, and the process that it runs in."""
