// Package openapi is the document of the public API: one YAML file a service,
// written by hand, served as one OpenAPI 3 document at /openapi.json. The
// services' tests check their real answers against it (see openapitest).
package openapi

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var files embed.FS

// Document is the whole document as JSON.
func Document() ([]byte, error) {
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list the openapi files: %w", err)
	}
	whole := map[string]any{}
	for _, name := range names {
		text, err := files.ReadFile(name.Name())
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name.Name(), err)
		}
		var part map[string]any
		if err := yaml.Unmarshal(text, &part); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name.Name(), err)
		}
		if err := merge(whole, part, ""); err != nil {
			return nil, fmt.Errorf("merge %s: %w", name.Name(), err)
		}
	}
	document, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("encode the openapi document: %w", err)
	}
	return document, nil
}

// merge adds part to whole. Two files that say different things in one place
// are a mistake.
func merge(whole, part map[string]any, at string) error {
	for key, value := range part {
		have, ok := whole[key]
		if !ok {
			whole[key] = value
			continue
		}
		into, both := have.(map[string]any)
		from, maps := value.(map[string]any)
		if !both || !maps {
			return fmt.Errorf("%s/%s is there already", at, key)
		}
		if err := merge(into, from, at+"/"+key); err != nil {
			return err
		}
	}
	return nil
}

// Routes adds /openapi.json.
func Routes(r gin.IRouter) error {
	document, err := Document()
	if err != nil {
		return err
	}
	r.GET("/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", document) })
	return nil
}
