package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The document against what is really answered: a checker of our own, so that
// it shares nothing with the library that wrote the document.

// obeys holds an answer against the shape documented for its status.
func (w *miniWorld) obeys(method, name string, status int, answer map[string]any) {
	w.t.Helper()
	schema := dig(w.doc, "paths", miniBase+"/"+name, strings.ToLower(method), "responses", fmt.Sprint(status), "content", "application/json", "schema")
	if schema == nil {
		w.t.Errorf("%s %s: status %d is not documented", method, name, status)
		return
	}
	for _, fault := range w.faults(name, schema, answer) {
		w.t.Errorf("%s %s: %s", method, name, fault)
	}
}

func dig(v any, keys ...string) any {
	for _, k := range keys {
		object, _ := v.(map[string]any)
		v = object[k]
	}
	return v
}

func (w *miniWorld) faults(at string, schema, value any) []string {
	s, ok := schema.(map[string]any)
	if !ok {
		return []string{at + ": no schema"}
	}
	if ref, ok := s["$ref"].(string); ok {
		return w.faults(at, dig(w.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), value)
	}
	switch v := value.(type) {
	case map[string]any:
		return append(typed(at, s, "object"), w.faultsOfObject(at, s, v)...)
	case []any:
		out := typed(at, s, "array")
		for i, item := range v {
			out = append(out, w.faults(fmt.Sprintf("%s[%d]", at, i), s["items"], item)...)
		}
		return out
	case string:
		if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, any(v)) {
			return []string{at + ": " + v + " is not in the enumeration"}
		}
		return typed(at, s, "string")
	case bool:
		return typed(at, s, "boolean")
	case float64:
		return typed(at, s, "integer")
	}
	return []string{at + ": null"}
}

func typed(at string, schema map[string]any, kind string) []string {
	if schema["type"] != kind {
		return []string{fmt.Sprintf("%s: is %s, documented %v", at, kind, schema["type"])}
	}
	return nil
}

func (w *miniWorld) faultsOfObject(at string, schema map[string]any, object map[string]any) []string {
	var out []string
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := object[fmt.Sprint(name)]; !ok {
			out = append(out, fmt.Sprintf("%s: no %v", at, name))
		}
	}
	for name, value := range object {
		property := dig(schema, "properties", name)
		if property == nil {
			property = schema["additionalProperties"]
		}
		if property == false || property == nil {
			out = append(out, at+": "+name+" is not documented")
			continue
		}
		out = append(out, w.faults(at+"."+name, property, value)...)
	}
	return out
}

func TestMiniappDocument(t *testing.T) {
	w := newMiniWorld(t)
	if version := fmt.Sprint(w.doc["openapi"]); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("openapi = %s", version)
	}
	for name, method := range map[string]string{"sign-in": "post", "step": "get", "answer": "post", "phone": "post", "face": "get"} {
		op, _ := dig(w.doc, "paths", miniBase+"/"+name, method).(map[string]any)
		if op["operationId"] != name {
			t.Errorf("%s: operationId %v", name, op["operationId"])
		}
		if (op["security"] == nil) != (name == "sign-in") {
			t.Errorf("%s: security %v", name, op["security"])
		}
		if body := dig(op, "requestBody", "content", "application/json", "schema", "$ref"); (body == nil) != (method == "get") {
			t.Errorf("%s: body %v", name, body)
		}
		if len(op["responses"].(map[string]any)) < 6 {
			t.Errorf("%s: documents only %v", name, op["responses"])
		}
	}
	if dig(w.doc, "components", "securitySchemes", "seat", "scheme") != "bearer" {
		t.Error("no bearer scheme")
	}
	for _, fault := range dangling(w.doc, w.doc) {
		t.Error(fault)
	}
}

// dangling finds references that lead nowhere and types that may be null.
func dangling(doc map[string]any, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok && dig(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...) == nil {
			out = append(out, ref+" leads nowhere")
		}
		if kinds, ok := v["type"].([]any); ok {
			out = append(out, fmt.Sprintf("a type of %v", kinds))
		}
		for _, child := range v {
			out = append(out, dangling(doc, child)...)
		}
	case []any:
		for _, child := range v {
			out = append(out, dangling(doc, child)...)
		}
	}
	return out
}
