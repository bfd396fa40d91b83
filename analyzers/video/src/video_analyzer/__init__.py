"""The video analyzer."""
