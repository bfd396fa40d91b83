"""The audio analyzer."""
