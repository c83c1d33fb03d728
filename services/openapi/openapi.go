// Package openapi serves the document of the public API at /openapi.json, as one
// OpenAPI 3 document. It is written by hand, in a YAML file per service; the schemas of
// events are those of package schemas. The tests of the services check real responses,
// lines and frames against it (see openapitest).
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

// Document returns the whole document as JSON.
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
	if err := addEvents(whole); err != nil {
		return nil, fmt.Errorf("add the events: %w", err)
	}
	document, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("encode the openapi document: %w", err)
	}
	return document, nil
}

// merge adds part to whole. Returns an error if both have a value at the same
// place; at is the path of whole.
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
			return fmt.Errorf("%s/%s is defined twice", at, key)
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
