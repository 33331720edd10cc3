package redact

import (
	"reflect"

	"aliasctl/internal/report"
)

// Document is a report without the token in its texts: names, messages and notes.
// What is printed around them is ours and stays, whatever the token is.
func Document(d report.Document, redact func(string) string) report.Document {
	return redactor(redact).value(reflect.ValueOf(d)).Interface().(report.Document)
}

type redactor func(string) string

var (
	plainText = reflect.TypeFor[string]()
	errorType = reflect.TypeFor[error]()
)

// value copies what holds texts, and leaves the original as it is. A
// type of its own, as planner.Op, has words of ours.
func (redact redactor) value(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == plainText {
			return reflect.ValueOf(redact(v.String()))
		}
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		if err, ok := v.Interface().(error); ok && v.Type() == errorType {
			if text := redact(err.Error()); text != err.Error() {
				return reflect.ValueOf(error(redactedError{text, err}))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(redact.value(v.Elem()))
			return c
		}
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.Field(i).Set(redact.value(v.Field(i)))
			}
		}
		return c
	case reflect.Slice:
		if v.IsNil() || !holdsText(v.Type().Elem()) {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(redact.value(v.Index(i)))
		}
		return c
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, value := range v.Seq2() {
			c.SetMapIndex(redact.value(key), redact.value(value))
		}
		return c
	}
	return v
}

// holdsText reports that a list of these may hold texts.
func holdsText(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() >= reflect.Array
}

// redactedError is an error whose text is free of the token.
type redactedError struct {
	text string
	err  error
}

func (e redactedError) Error() string { return e.text }
func (e redactedError) Unwrap() error { return e.err }
