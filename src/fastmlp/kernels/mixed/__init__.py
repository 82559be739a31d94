"""The passes over a net whose products multiply blocks of bfloat16, and sum in float32."""
