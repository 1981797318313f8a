// Package picloud holds the few words every part of PiCloud shares: the one
// error type with its closed set of codes, the closed set of invocation
// outcomes, and the version numbers.
//
// It promises to stay small: it imports a handful of standard packages and
// none of PiCloud's own, so that everything, the sandboxed worker included,
// may import it.
package picloud

// Product is the version of the product, as shown by /version and the CLI.
const Product = "0.3.0"

// SDK is the version of what a script sees (ctx, response, json, log).
const SDK = 1

// API is the version of the admin API, the number in /api/v1.
const API = 1
