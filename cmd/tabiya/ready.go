package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// readyCmd is the container's health check: the image has no shell and no curl.
type readyCmd struct {
	Url string `arg:"" default:"http://127.0.0.1:8080" help:"URL of the process."`
}

func (c readyCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Url+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Url, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Url, err)
	}
	fmt.Println(string(text))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready", c.Url)
	}
	return nil
}
