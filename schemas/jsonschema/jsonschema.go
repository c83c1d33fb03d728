// Package jsonschema holds a JSON Schema of each message type, in a file by its name. A
// test of package schemas makes the files from the Go types.
package jsonschema

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed events
var files embed.FS

// GameEvents returns the schemas of the events of games by their type.
func GameEvents() (map[string]map[string]any, error) {
	entries, err := files.ReadDir("events")
	if err != nil {
		return nil, fmt.Errorf("list the schemas of events: %w", err)
	}
	all := make(map[string]map[string]any)
	for _, entry := range entries {
		text, err := files.ReadFile("events/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read the schema %s: %w", entry.Name(), err)
		}
		var schema map[string]any
		if err := json.Unmarshal(text, &schema); err != nil {
			return nil, fmt.Errorf("parse the schema %s: %w", entry.Name(), err)
		}
		if properties, _ := schema["properties"].(map[string]any); properties["gameId"] != nil {
			all[strings.TrimSuffix(entry.Name(), ".json")] = schema
		}
	}
	return all, nil
}
