"""Files, arrays and progress: what is written is atomic and sealed, what is read is checked."""
