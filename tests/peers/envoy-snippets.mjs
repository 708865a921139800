// SPDX-License-Identifier: Apache-2.0
// Judges what the guide tells to write into Envoy, by Envoy's own protocol buffers: every name, type and enumerated value has to be
// one of them. It does not run Envoy.
//
// usage: envoy-snippets.mjs FOLDER   The pages have blocks "```yaml" whose first line is "# envoy: PLACE"; they are put together to one
// bootstrap. Prints it, or what is wrong with it and exits 1.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import protobuf from 'protobufjs';
import YAML from 'yaml';

const require = createRequire(import.meta.url);
const folder = process.argv[2];
const deps = path.join(path.dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const roots = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => path.join(deps, name));

// --- the snippets, in one bootstrap ---------------------------------------------------------------------------------

const blocks = fs.readdirSync(folder).filter((name) => name.endsWith('.md')).flatMap((name) => {
  const text = fs.readFileSync(path.join(folder, name), 'utf8');
  return [...text.matchAll(/```yaml\n# envoy: ([^\n]*)\n(.*?)```/gs)].map(([, place, yaml]) => ({ name, place, value: YAML.parse(yaml) }));
});
const all = (place) => blocks.filter((block) => block.place.startsWith(place)).map((block) => block.value);
const known = ['common_tls_context', 'http_connection_manager', 'http_filters', 'route_config', 'routes'];
const lost = blocks.filter((block) => !known.some((place) => block.place.startsWith(place)));

const type = (name) => `type.googleapis.com/${name}`;
const routes = all('routes').flat();
const bootstrap = {
  static_resources: {
    listeners: [{
      name: 'wss',
      address: { socket_address: { address: '0.0.0.0', port_value: 8443 } },
      filter_chains: [{
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': type('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
            common_tls_context: Object.assign({}, ...all('common_tls_context')),
          },
        },
        filters: [{
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
            stat_prefix: 'wss',
            ...Object.assign({}, ...all('http_connection_manager')),
            http_filters: [...all('http_filters').flat(),
              { name: 'envoy.filters.http.router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
            route_config: {
              ...Object.assign({}, ...all('route_config')),
              virtual_hosts: [{ name: 'orders', domains: ['*'], routes: [...routes.filter((one) => !one.route), ...routes.filter((one) => one.route)] }],
            },
          },
        }],
      }],
    }],
  },
};

// --- the judge ------------------------------------------------------------------------------------------------------

const { nested } = require('protobufjs/google/protobuf/descriptor.json').nested.google.nested.protobuf;
protobuf.common('descriptor', { google: { nested: { protobuf: { nested } } } });
const root = new protobuf.Root();
root.resolvePath = (origin, target) => roots.map((one) => path.join(one, target)).find((file) => fs.existsSync(file)) ?? target;
await root.load([
  'envoy/config/bootstrap/v3/bootstrap.proto', 'envoy/extensions/transport_sockets/tls/v3/tls.proto',
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  ...['router/v3/router', 'jwt_authn/v3/config', 'rbac/v3/rbac', 'local_ratelimit/v3/local_rate_limit'].map((name) => `envoy/extensions/filters/http/${name}.proto`),
], { keepCase: true });
root.resolveAll();

const findings = lost.map((block) => `${block.name}: nobody knows the place "${block.place}"`);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const WRAPPED = {
  '.google.protobuf.Duration': (value) => /^\d+(\.\d+)?s$/.test(value),
  '.google.protobuf.BoolValue': (value) => typeof value === 'boolean',
  '.google.protobuf.UInt32Value': Number.isInteger,
};
const SCALARS = { bool: (value) => typeof value === 'boolean', string: (value) => typeof value === 'string' };

function judgeValue(field, value, where) {
  const resolved = field.resolvedType;
  const isRight = WRAPPED[resolved?.fullName] ?? (resolved ? null : SCALARS[field.type] ?? Number.isFinite);
  if (isRight) {
    if (!isRight(value)) findings.push(`${where}: ${JSON.stringify(value)} is no ${resolved?.name ?? field.type}`);
  } else if (resolved instanceof protobuf.Enum) {
    if (!(value in resolved.values)) findings.push(`${where}: ${value} is no ${resolved.name}`);
  } else {
    judge(resolved, value, where);
  }
}

function judge(message, value, where) {
  if (!isObject(value)) { findings.push(`${where}: has to be a ${message.name}`); return; }
  const { '@type': url, ...rest } = value;
  if (message.fullName === '.google.protobuf.Any') {
    const inner = url && root.lookup(url.split('/').pop());
    if (inner) judge(inner, rest, `${where}(${inner.name})`);
    else findings.push(`${where}: nobody knows the type ${url}`);
    return;
  }
  const chosen = {};
  for (const [name, part] of Object.entries(value)) {
    const field = message.fields[name];
    const place = `${where}.${name}`;
    if (!field) { findings.push(`${place}: ${message.name} has no such field`); continue; }
    if (field.options?.deprecated) findings.push(`${place}: is deprecated`);
    if (field.partOf && (chosen[field.partOf.name] ??= name) !== name) findings.push(`${place}: not beside ${chosen[field.partOf.name]}`);
    if (field.map) Object.entries(part).forEach(([key, one]) => judgeValue(field, one, `${place}[${key}]`));
    else if (field.repeated && !Array.isArray(part)) findings.push(`${place}: has to be a list`);
    else if (field.repeated) part.forEach((one, index) => judgeValue(field, one, `${place}[${index}]`));
    else judgeValue(field, part, place);
  }
}

judge(root.lookupType('envoy.config.bootstrap.v3.Bootstrap'), bootstrap, 'bootstrap');
console.log(findings.length > 0 ? findings.join('\n') : `${blocks.length} snippets\n${JSON.stringify(bootstrap, null, 1)}`);
process.exitCode = findings.length > 0 ? 1 : 0;
