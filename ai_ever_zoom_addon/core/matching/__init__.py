"""Which image lies in which, and how. numpy only."""
