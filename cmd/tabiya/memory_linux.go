package main

import "syscall"

// machineMemory returns the machine's memory in bytes, 0 if it is unknown.
func machineMemory() uint64 {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	return info.Totalram * uint64(info.Unit)
}
