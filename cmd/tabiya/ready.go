package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// readyCmd is the container's health check: the image has no shell and no curl.
type readyCmd struct {
	Url       string `arg:"" optional:"" placeholder:"URL" help:"URL of the process; default: that of --ops-listen or else --listen on this machine."`
	Listen    string `default:"127.0.0.1:8080" help:"The --listen of the process, which answers yes or no."`
	OpsListen string `placeholder:"ADDRESS" help:"The --ops-listen of the process, which gives reasons; not used if its port is 0."`
}

// url returns the address to ask. In a container, the process and its health check have
// the same environment.
func (c readyCmd) url() (string, error) {
	if c.Url != "" {
		return c.Url, nil
	}
	for _, address := range []string{c.OpsListen, c.Listen} {
		if address == "" {
			continue
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return "", fmt.Errorf("address %q: %w", address, err)
		}
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		if port != "0" {
			return "http://" + net.JoinHostPort(host, port), nil
		}
	}
	return "", errors.New("the port is not known: give the URL")
}

func (c readyCmd) Run(ctx context.Context) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	fmt.Println(string(text))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready", url)
	}
	return nil
}
