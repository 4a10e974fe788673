// A gateway spoken for by MQTT.js, a client that is not ours: what each line of standard input asks
// is published at QoS 1; each receipt heard is a line of standard output. Ends with its input.
const [port, area, gateway] = process.argv.slice(2)
const mqtt = require('mqtt')
const readline = require('readline')

const topic = `lift/v1/${area}/${gateway}`
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
  clientId: gateway,
  protocolVersion: Number(process.env.MQTT_VERSION || 4),
  clean: false,
})
client.on('message', (_, payload) => console.log(payload.toString()))
client.on('connect', () => client.subscribe(`${topic}/receipt`, { qos: 1 }, () => console.log('ready')))

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { kind, told } = JSON.parse(line)
    client.publish(`${topic}/${kind}`, JSON.stringify(told), { qos: 1 })
  })
  .on('close', () => client.end(false))
