package planfile

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"aliasctl/planner"
)

// A step without a field would be another step than the one that is planned again:
// every saved plan that has it would be stale.
func TestEveryFieldOfAStepIsSaved(t *testing.T) {
	// What follows from the manifest and the server, and what only a rollback has.
	left := []string{"Cutover", "Delayed", "RolledBack"}
	var s planner.Step
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		field := v.Field(i)
		switch name := v.Type().Field(i).Name; {
		case slices.Contains(left, name):
		case field.Kind() == reflect.String:
			field.SetString(name)
		case field.Kind() == reflect.Bool:
			field.SetBool(true)
		case field.Type() == reflect.TypeFor[time.Duration]():
			field.SetInt(int64(i) + 1)
		case field.Kind() == reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		default:
			t.Fatalf("the test does not fill in %s %s", name, field.Type())
		}
	}
	if got := stepOf(s).planned(); !reflect.DeepEqual(got, s) {
		t.Errorf("saved and read:\n%+v\nwant\n%+v", got, s)
	}
}
