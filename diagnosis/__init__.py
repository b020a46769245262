"""What `wherein doctor` looks at: the machine, the installation, the models and the library.

Every check is cheap, changes nothing, and is isolated: one that fails is a finding and no error.
"""
