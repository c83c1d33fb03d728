package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

// serveBare serves a ceiling and prints its address. It runs in a process of its
// own, as the program does.
func serveBare(h http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, h)
}

// startBare runs this program in a child with the flags that make it a ceiling,
// and gives its address.
func startBare(flags ...string) (*process, string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer r.Close()
	p, err := startProcess(nil, w, os.Args[0], flags...)
	w.Close()
	if err != nil {
		return nil, "", err
	}
	base, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("start %v: %w", flags, err)
	}
	return p, strings.TrimSpace(base), nil
}
