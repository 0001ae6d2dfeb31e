// Package verdict turns the scores of several systems on the same questions into verdicts on the claims that are made for
// tuning against retrieval. A claim stands on one or more comparisons; each has an effect, an interval from a bootstrap
// clustered by document, and a p-value. Supported: every comparison shows what the claim says. Refuted: one of them shows
// the opposite. Both only if the claim's p-value, adjusted by Holm over all claims tested, is below alpha; anything else is
// inconclusive.
//
// To add a claim: one file with a Claim variable, listed in Claims.
package verdict
