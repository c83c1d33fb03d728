//go:build !linux

package main

// machineMemory is 0: the machine's memory is unknown here.
func machineMemory() uint64 { return 0 }
