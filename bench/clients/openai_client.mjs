// Talks to a running `fettle serve` with OpenAI's own JavaScript client, and by fetch as a web page would.
//
// Usage: node openai_client.mjs http://127.0.0.1:8080 [KEY]
import assert from 'node:assert/strict'
import OpenAI from 'openai'

const [, , base, key = 'none'] = process.argv
const client = new OpenAI({ baseURL: base + '/v1', apiKey: key, maxRetries: 0 })
const messages = [{ role: 'user', content: 'list files' }]

for await (const { id: model } of client.models.list()) {
  const ask = { model, messages, max_tokens: 24, temperature: 0 }
  const whole = await client.chat.completions.create(ask)
  const content = whole.choices[0].message.content

  let said = ''
  for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) said += chunk.choices[0]?.delta.content ?? ''
  assert.equal(said, content)

  const reply = await fetch(base + '/v1/chat/completions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + key },
    body: JSON.stringify({ ...ask, stream: true }),
  })
  const events = (await reply.text()).split('\n\n').filter(Boolean).map(e => e.slice('data: '.length))
  assert.equal(events.pop(), '[DONE]')
  assert.equal(events.map(e => JSON.parse(e).choices[0]?.delta.content ?? '').join(''), content)

  const controller = new AbortController()
  const long = await client.chat.completions.create({ ...ask, stream: true }, { signal: controller.signal })
  for await (const _ of long) controller.abort() // the server frees the row
  await assert.rejects(client.chat.completions.create({ ...ask, model: 'no such model' }), OpenAI.NotFoundError)
  console.log(`${model}: ${JSON.stringify(content)}`)
}
console.log('ok')
