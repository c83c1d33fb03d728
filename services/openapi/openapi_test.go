package openapi_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/gin-gonic/gin"

	"tabiya/schemas"
	"tabiya/schemas/jsonschema"
	"tabiya/services/openapi"
	"tabiya/services/openapi/openapitest"
)

// codes returns all codes that schemas/codes.go defines.
func codes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../schemas/codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, value := range spec.Values {
			code, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, code)
		}
		return true
	})
	slices.Sort(all)
	return all
}

func TestDocumentListsEveryCode(t *testing.T) {
	t.Parallel()
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, code := range document.Components.Schemas["Code"].Value.Enum {
		documented = append(documented, code.(string))
	}
	all := codes(t)
	if !slices.Equal(documented, all) {
		t.Fatalf("the document lists\n%q\nschemas/codes.go\n%q", documented, all)
	}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			listed, _ := operation.Extensions["x-problems"].([]any)
			for _, code := range listed {
				if !slices.Contains(all, code.(string)) {
					t.Errorf("%s %s lists the unknown code %q", method, path, code)
				}
			}
		}
	}
}

// A command that was refused without a verdict may as well meet a row that cannot be read.
func TestEveryCommandListsQuarantined(t *testing.T) {
	t.Parallel()
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			codes, _ := operation.Extensions["x-problems"].([]any)
			if !slices.Contains(codes, any(string(schemas.CodeNotAccepted))) {
				continue
			}
			if commands++; !slices.Contains(codes, any(string(schemas.CodeQuarantined))) {
				t.Errorf("%s does not list quarantined", operation.OperationID)
			}
		}
	}
	if commands < 8 {
		t.Errorf("the document has %d commands", commands)
	}
}

func TestCodesOfDrawsAndAbortsAreListedThereOnly(t *testing.T) {
	t.Parallel()
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	only := map[string]string{
		"no_draw_offer": "draw", "draw_offer_pending": "draw", "draw_offer_too_soon": "draw", "no_draw_to_claim": "draw", "too_late_to_abort": "abort",
	}
	listed := make(map[string]bool)
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			codes, _ := operation.Extensions["x-problems"].([]any)
			for _, code := range codes {
				if where := only[code.(string)]; where == operation.OperationID {
					listed[code.(string)] = true
				} else if where != "" {
					t.Errorf("%s lists %s", operation.OperationID, code)
				}
			}
		}
	}
	if len(listed) != len(only) {
		t.Errorf("only %v are listed", listed)
	}
}

// Each event has a schema of its own, and nothing is "any object".
func TestEveryEventOfAGameHasItsSchema(t *testing.T) {
	t.Parallel()
	text, err := openapi.Document()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(`"additionalProperties":true`)) {
		t.Error("the document allows any object")
	}
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	events, err := jsonschema.GameEvents()
	if err != nil {
		t.Fatal(err)
	}
	either := document.Components.Schemas["GameEvent"].Value
	if len(events) < 15 || len(either.OneOf) != len(events) || len(either.Discriminator.Mapping) != len(events) {
		t.Errorf("%d events, GameEvent is one of %d", len(events), len(either.OneOf))
	}
	for name := range events {
		golden, err := os.ReadFile("../../schemas/testdata/events/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		openapitest.ValidateAs(t, "GameEvent", golden)
		openapitest.ValidateAs(t, name, golden)
	}
}

func TestDocumentServed(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	if err := openapi.Routes(e); err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/openapi.json", nil)
	e.ServeHTTP(w, r)
	var document struct{ OpenAPI string }
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || document.OpenAPI != "3.0.3" {
		t.Fatalf("%v, openapi %q", err, document.OpenAPI)
	}
	openapitest.Validate(t, r, w.Result())
}
