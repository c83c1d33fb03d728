package openapi

import (
	"maps"
	"slices"

	"tabiya/schemas/jsonschema"
)

// addEvents adds the schema of each event of a game to the document, and GameEvent, which
// is any of them.
func addEvents(document map[string]any) error {
	events, err := jsonschema.GameEvents()
	if err != nil {
		return err
	}
	components := map[string]any{}
	var oneOf []any
	mapping := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(events)) {
		delete(events[name], "$schema")
		components[name] = asOpenAPI(events[name])
		ref := "#/components/schemas/" + name
		oneOf, mapping[name] = append(oneOf, map[string]any{"$ref": ref}), ref
	}
	components["GameEvent"] = map[string]any{
		"description":   "An event as in the log.",
		"oneOf":         oneOf,
		"discriminator": map[string]any{"propertyName": "eventType", "mapping": mapping},
	}
	return merge(document, map[string]any{"components": map[string]any{"schemas": components}}, "")
}

// asOpenAPI changes a JSON Schema into one of OpenAPI 3.0, which has no const.
func asOpenAPI(schema any) any {
	switch s := schema.(type) {
	case map[string]any:
		for key, value := range s {
			s[key] = asOpenAPI(value)
		}
		if only, ok := s["const"]; ok {
			delete(s, "const")
			s["enum"] = []any{only}
			if _, text := only.(string); text {
				s["type"] = "string"
			} else {
				s["type"] = "integer"
			}
		}
	case []any:
		for i, value := range s {
			s[i] = asOpenAPI(value)
		}
	}
	return schema
}
