// Package config reads stages.yaml strictly into the structs that are the stages' settings.
//
// In: a YAML file with one section a stage, and a pointer to a struct that holds the defaults. Out: the filled struct, or
// every fault of the section at once, each with file:line:col, the dotted setting, what was written, what would be right
// and the nearest known name.
//
// The type of the field decides, never the look of the text: `1e-4` is a number where a number is wanted, `on` and
// `2024-01-01` are strings where a string is wanted. What YAML 1.1 and 1.2 read differently is refused where it matters
// (yes/no for a bool, 017 for an int), and so are duplicate keys, anchors, merge keys, tags and several documents.
//
// Struct tags: json:"name"; jsonschema:"meaning"; check:"required,min=0,max=1,above=0,below=1,oneof=a|b,minlen=1,maxlen=9";
// key:"-" = not part of the artifact key; path:"file" or path:"dir" = a path whose content enters the key; of path:"model" and
// path:"adapter" only the files that are read of such a directory.
// A method `Check(fault func(field, want string))` holds rules over several fields.
//
// To add an operator of some interface: Register[Interface]("name", &Operator{defaults}) in the operator's own file.
package config
