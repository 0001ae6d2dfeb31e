// Package words cuts text into the words that published answer metrics count: the Penn Treebank rules and the Punkt
// sentence splitter of NLTK's word_tokenize (English model), which the CMRC 2018 scorer applies to every run of
// non-Chinese text, and Python's ideas of white space, word characters and lower case, on which those scorers lean.
//
// Input is expected in lower case, as the scorers give it: rules that only upper-case letters can reach are left out.
package words
