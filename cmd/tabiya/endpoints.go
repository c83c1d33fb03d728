package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// endpoints is the content of endpoints.json, in which `tabiya up` tells other
// programs on the same machine how to reach it. The file holds passwords, so only
// its owner can read it.
type endpoints struct {
	URL          string     `json:"url"`
	OpsURL       string     `json:"opsUrl"` // of the operators' listener
	ServiceToken string     `json:"serviceToken"`
	Kafka        []string   `json:"kafka"`
	KafkaLogin   kafkaLogin `json:"kafkaLogin"`
	Postgres     string     `json:"postgres"`
	S3           s3Access   `json:"s3"`
}

// kafkaLogin is how to log in to Kafka; empty if no login is needed.
type kafkaLogin struct {
	Mechanism string `json:"mechanism"`
	User      string `json:"user"`
	Password  string `json:"password"`
}

type s3Access struct {
	Endpoint  string `json:"endpoint"`
	Region    string `json:"region"`
	Bucket    string `json:"bucket"`
	AccessKey string `json:"accessKey"`
	SecretKey string `json:"secretKey"`
}

func endpointsFile(data string) string { return filepath.Join(data, "endpoints.json") }

// write replaces the file atomically.
func (e endpoints) write(data string) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("encode endpoints: %w", err)
	}
	fresh := endpointsFile(data) + ".new"
	if err := os.WriteFile(fresh, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write endpoints: %w", err)
	}
	if err := os.Rename(fresh, endpointsFile(data)); err != nil {
		return fmt.Errorf("write endpoints: %w", err)
	}
	return nil
}

func readEndpoints(data string) (endpoints, error) {
	var e endpoints
	text, err := os.ReadFile(endpointsFile(data))
	if err != nil {
		return e, fmt.Errorf("read endpoints: %w", err)
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("read %s: %w", endpointsFile(data), err)
	}
	return e, nil
}

// listenerURL returns the URL at which this machine reaches the listener.
func listenerURL(listener net.Listener) string {
	address := listener.Addr().(*net.TCPAddr)
	if address.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", address.Port)
	}
	return "http://" + address.String()
}
