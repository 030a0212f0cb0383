"""Who may see the pages: the log-in, the gate in front of Streamlit, and what a visitor may do."""
