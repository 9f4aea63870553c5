"""Item → stored vectors, stage by stage; resumable and incremental."""
