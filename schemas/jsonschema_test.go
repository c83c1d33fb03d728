package schemas_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tabiya/schemas"
)

// -write-jsonschema rewrites the published JSON Schemas. Unlike the golden files
// they may change, but only by additions.
var writeJSONSchema = flag.Bool("write-jsonschema", false, "write jsonschema/")

// object is a JSON object, encoded with sorted keys.
type object = map[string]any

// schemaOf returns the schema of a type as encoding/json encodes it. Objects allow
// additional fields, because readers ignore unknown ones.
func schemaOf(t reflect.Type) object {
	if t == reflect.TypeFor[schemas.Time]() {
		return object{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Struct:
		properties, required := object{}, []string{}
		for field := range t.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			properties[name] = schemaOf(field.Type)
			if options != "omitempty" {
				required = append(required, name)
			}
		}
		return object{"type": "object", "properties": properties, "required": required}
	}
	panic("no JSON Schema for " + t.String())
}

// messageSchema returns the schema of one message type: an envelope and its payload.
func messageSchema(name, key string, payload any, envelope object) object {
	properties := object{
		"schemaVersion": object{"const": schemas.Version},
		"commandId":     object{"type": "string", "format": "uuid"},
		"region":        object{"type": "string"},
	}
	id := object{"type": "string", "minLength": 1}
	if key != "" {
		properties[key] = id
	}
	maps.Copy(properties, envelope)
	required := []string{}
	if payload != nil {
		properties["payload"] = schemaOf(reflect.TypeOf(payload))
	}
	for field := range properties {
		if field != "code" && field != "detail" && field != "outage" {
			required = append(required, field)
		}
	}
	slices.Sort(required)
	schema := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name,
		"type": "object", "properties": properties, "required": required,
	}
	if key == "" { // a reply has the id field of its command's aggregate
		var one []object
		for _, field := range []string{"gameId", "playerId", "queueKey"} {
			properties[field] = id
			one = append(one, object{"required": []string{field}})
		}
		schema["oneOf"] = one
	}
	return schema
}

// keyField returns the envelope's field with the aggregate's id.
func keyField(topic string) string {
	switch {
	case strings.HasPrefix(topic, "player"):
		return "playerId"
	case strings.HasPrefix(topic, "queue"):
		return "queueKey"
	default:
		return "gameId"
	}
}

func TestPublishedJSONSchemasMatchTheTypes(t *testing.T) {
	t.Parallel()
	for _, c := range slices.AppendSeq(commands(), maps.Values(commandVariants())) {
		r := c.Record()
		checkSchema(t, "commands", string(c.Type), r.Value, messageSchema(string(c.Type), keyField(r.Topic), c.Payload, object{
			"commandType": object{"const": string(c.Type)}, "actor": object{"type": "string", "minLength": 1},
		}))
	}
	for _, ev := range slices.AppendSeq(events(), maps.Values(eventVariants())) {
		r := ev.Record()
		checkSchema(t, "events", string(ev.Type), r.Value, messageSchema(string(ev.Type), keyField(r.Topic), ev.Payload, object{
			"eventType": object{"const": string(ev.Type)}, "eventId": object{"type": "string", "format": "uuid"},
			"seq": object{"type": "integer", "minimum": 1}, "occurredAt": object{"type": "string", "format": "date-time"},
		}))
	}
	for _, reply := range replies() {
		envelope := object{
			"replyType": object{"const": string(reply.Type)}, "commandType": object{"type": "string"}, "actor": object{"type": "string"},
			"occurredAt": object{"type": "string", "format": "date-time"},
		}
		switch reply.Type {
		case schemas.CommandRepeated:
			envelope["seq"] = object{"type": "integer", "minimum": 1}
		case schemas.PulseHandled:
			envelope["outage"] = schemaOf(reflect.TypeFor[schemas.Outage]())
		default:
			envelope["code"], envelope["detail"] = object{"type": "string"}, object{"type": "string"}
		}
		checkSchema(t, "replies", string(reply.Type), reply.Record().Value, messageSchema(string(reply.Type), "", nil, envelope))
	}
}

// checkSchema compares a schema with its file. It then validates the golden message,
// which must pass, and the message without each required field, which must fail.
func checkSchema(t *testing.T, folder, name string, golden []byte, schema object) {
	t.Helper()
	want, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	path := filepath.Join("jsonschema", folder, name+".json")
	if *writeJSONSchema {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not up to date (go test ./schemas -write-jsonschema): %v", path, err)
		return
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiled, err := compiler.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	message, err := jsonschema.UnmarshalJSON(bytes.NewReader(golden))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(message); err != nil {
		t.Errorf("validate the golden %s: %v", name, err)
	}
	fields := message.(map[string]any)
	for _, field := range schema["required"].([]string) {
		value := fields[field]
		delete(fields, field)
		if compiled.Validate(fields) == nil {
			t.Errorf("%s without %s is valid", name, field)
		}
		fields[field] = value
	}
}
