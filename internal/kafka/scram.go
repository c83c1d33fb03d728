package kafka

import (
	"fmt"

	"github.com/xdg-go/scram"
)

// scramClient implements SCRAM (RFC 5802) for sarama. franz-go has its own.
type scramClient struct {
	hash scram.HashGeneratorFcn
	conv *scram.ClientConversation
}

func newScramClient(mechanism string) *scramClient {
	if mechanism == ScramSHA256 {
		return &scramClient{hash: scram.SHA256}
	}
	return &scramClient{hash: scram.SHA512}
}

func (c *scramClient) Begin(user, password, authzID string) error {
	client, err := c.hash.NewClient(user, password, authzID)
	if err != nil {
		return fmt.Errorf("begin SCRAM login: %w", err)
	}
	c.conv = client.NewConversation()
	return nil
}

func (c *scramClient) Step(challenge string) (string, error) { return c.conv.Step(challenge) }

func (c *scramClient) Done() bool { return c.conv.Done() }
