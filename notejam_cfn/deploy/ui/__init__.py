"""What a person sees and types while something runs."""
