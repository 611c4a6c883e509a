"""Parts of a running installation are killed, hung and starved while patients talk; what they were told must hold."""
