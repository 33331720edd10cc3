package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Schema is a JSON Schema (draft 2020-12) of one document of a manifest, made
// from the tables that the reader goes by.
//
// It takes every document that Load takes. It cannot refuse all that Load
// refuses: a first document without `version`, which later ones may leave out;
// duplicates, and names used in two ways; what a variable makes of a value;
// and how YAML is written. A text with ${NAME} stands for any value there.
func Schema() []byte {
	s := schemaOf(documentShape)
	s.Dialect = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "aliasctl manifest"
	s.Description = "Which alias is bound to which collection of a Milvus database, and which collections to drop."
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		panic(err) // it is made of nothing but texts
	}
	return b.Bytes()
}

// constraint is what of a rule JSON Schema can express. Of a text with
// variables only the characters around them are known.
type constraint struct {
	plain  string // the pattern of a text without variables
	around string // the pattern of one character of such a text
	free   bool   // instead of both: any text
	not    string // a pattern that no text matches

	whole       bool   // a number without fraction
	least, most string // of a number, "" for no bound
}

// variableUse is the pattern of ${NAME}.
const variableUse = `\$\{[A-Za-z_][A-Za-z0-9_]*\}`

// pattern is the pattern of a text, with variables when they are allowed.
func (c constraint) pattern(variables bool) string {
	switch {
	case c.free:
		// A $ without a brace behind it is a character like any other.
		return `^(?:[^\$]|\$+[^\$\{]|\$*` + variableUse + `)*\$*$`
	case c.plain == "":
		return ""
	case variables:
		return fmt.Sprintf(`^(?:%s|%s*(?:%s%s*)+)$`, c.plain, c.around, variableUse, c.around)
	}
	return "^(?:" + c.plain + ")$"
}

// jsonSchema is a schema; its fields stand in the order in which people read
// them.
type jsonSchema struct {
	Dialect     string `json:"$schema,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`

	Type    string `json:"type,omitempty"`
	Enum    []any  `json:"enum,omitempty"`
	Pattern string `json:"pattern,omitempty"`
	// MaxLength counts characters, our bounds count bytes: it is never below.
	MaxLength int         `json:"maxLength,omitempty"`
	Minimum   json.Number `json:"minimum,omitempty"`
	Maximum   json.Number `json:"maximum,omitempty"`

	MinItems int         `json:"minItems,omitempty"`
	MaxItems int         `json:"maxItems,omitempty"`
	Items    *jsonSchema `json:"items,omitempty"`

	Required             []string    `json:"required,omitempty"`
	Properties           properties  `json:"properties,omitempty"`
	PropertyNames        *jsonSchema `json:"propertyNames,omitempty"`
	AdditionalProperties any         `json:"additionalProperties,omitempty"` // false, or a schema

	Not   *jsonSchema   `json:"not,omitempty"`
	AnyOf []*jsonSchema `json:"anyOf,omitempty"`
	OneOf []*jsonSchema `json:"oneOf,omitempty"`
}

// properties are named schemas, in their order.
type properties []property

type property struct {
	name   string
	schema *jsonSchema
}

func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, property := range p {
		b.WriteByte("{,"[min(i, 1)])
		if err := enc.Encode(property.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(property.schema); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// schemaOf describes a shape: each of its forms is one way to fit.
func schemaOf(s *shape) *jsonSchema {
	var ways []*jsonSchema
	if s.forms&text != 0 {
		ways = append(ways, textSchemas(s.rule)...)
	}
	if s.forms&number != 0 {
		ways = append(ways, numberSchemas(s.rule)...)
	}
	if s.forms&boolean != 0 {
		b := &jsonSchema{Type: "boolean"}
		if s.offOnly {
			b.Enum = []any{false}
		}
		ways = append(ways, b)
	}
	if s.forms&list != 0 {
		ways = append(ways, &jsonSchema{Type: "array", Items: schemaOf(s.each), MinItems: s.least, MaxItems: s.most})
	}
	if s.forms&mapping != 0 {
		ways = append(ways, mappingSchema(s))
	}
	if len(ways) == 1 {
		return ways[0]
	}
	return &jsonSchema{AnyOf: ways}
}

// textSchemas describes a text, which may have variables.
func textSchemas(r rule) []*jsonSchema {
	if r.words != nil {
		var words []any
		for _, w := range r.words {
			words = append(words, w)
		}
		return []*jsonSchema{{Type: "string", Enum: words}, {Type: "string", Pattern: variableUse}}
	}
	s := &jsonSchema{Type: "string", Pattern: r.schema.pattern(true), MaxLength: maxText}
	if r.schema.not != "" {
		s.Not = &jsonSchema{Pattern: r.schema.not}
	}
	return []*jsonSchema{s}
}

// numberSchemas describes a number, and a text for which variables put one.
func numberSchemas(r rule) []*jsonSchema {
	s := &jsonSchema{Type: "number", Minimum: json.Number(r.schema.least), Maximum: json.Number(r.schema.most)}
	if r.schema.whole {
		s.Type = "integer"
	}
	for _, w := range r.words {
		s.Enum = append(s.Enum, json.Number(w))
	}
	if r.fits == nil {
		return []*jsonSchema{s}
	}
	return []*jsonSchema{s, {Type: "string", Pattern: variableUse, MaxLength: maxText}}
}

func mappingSchema(s *shape) *jsonSchema {
	m := &jsonSchema{Type: "object", AdditionalProperties: false}
	if s.each != nil && s.fields == nil { // else each is an item of the list form
		m.PropertyNames = &jsonSchema{Pattern: s.keys.schema.pattern(false)}
		m.AdditionalProperties = schemaOf(s.each)
		return m
	}
	for _, f := range s.fields {
		value := schemaOf(f.shape)
		value.Description = strings.ToUpper(f.about[:1]) + f.about[1:] + "."
		m.Properties = append(m.Properties, property{f.name, value})
		if f.required && !f.once {
			m.Required = append(m.Required, f.name)
		}
	}
	if s.choice {
		for _, f := range s.fields[:2] {
			m.OneOf = append(m.OneOf, &jsonSchema{Required: []string{f.name}})
		}
	}
	return m
}
