/**
 * Versions, which never change, and aliases, which send executions to one or two of them.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
 */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { checkedName, parseMachineArn } from './arn.ts';
import { resourceNotFound, validationFailed } from './errors.ts';
import { listed, optionalText, requiredText, seconds } from './input.ts';
import type { Input } from './input.ts';
import { asText, isObject } from './json.ts';
import type { Alias, Machine, Version } from './model.ts';
import type { Store } from './store.ts';

/** A version of the machine as it is; that of the last version when nothing has changed since. */
export function publishVersion(
  context: AwsContext,
  store: Store,
  machine: Machine,
  description: string | undefined,
): Version {
  const last = store.versions.get(`${machine.arn}:${machine.lastVersion}`);
  if (last?.revisionId === machine.revisionId) return last;
  const number = machine.lastVersion + 1;
  const version: Version = {
    arn: `${machine.arn}:${number}`,
    number,
    machineArn: machine.arn,
    definition: machine.definition,
    roleArn: machine.roleArn,
    revisionId: machine.revisionId,
    description,
    createdAt: context.clock.now(),
  };
  store.versions.put(version);
  store.machines.put({ ...machine, lastVersion: number });
  return version;
}

export function publishVersionAction(context: AwsContext, store: Store, machine: Machine, input: Input) {
  const revisionId = optionalText(input, 'revisionId');
  if (revisionId !== undefined && revisionId !== machine.revisionId) {
    throw new AwsError(
      'ConflictException',
      'The provided revision ID does not match the current revision.',
      409,
    );
  }
  const version = publishVersion(context, store, machine, optionalText(input, 'description'));
  return { creationDate: seconds(version.createdAt), stateMachineVersionArn: version.arn };
}

export function listVersions(store: Store, machine: Machine, input: Input) {
  const all = store.versions.all().filter(({ machineArn }) => machineArn === machine.arn);
  const { items, next } = listed(all.toReversed(), input);
  return {
    stateMachineVersions: items.map(({ arn, createdAt }) => ({
      stateMachineVersionArn: arn,
      creationDate: seconds(createdAt),
    })),
    ...next,
  };
}

export function deleteVersion(store: Store, input: Input) {
  const arn = requiredText(input, 'stateMachineVersionArn');
  const used = store.aliases
    .all()
    .find(({ routes }) => routes.some((route) => route.stateMachineVersionArn === arn));
  if (used) {
    throw new AwsError(
      'ConflictException',
      `Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [${used.name}]`,
      409,
    );
  }
  store.versions.delete(arn);
  return {};
}

export function createAlias(context: AwsContext, store: Store, input: Input) {
  const name = checkedName(requiredText(input, 'name'));
  if (/^\d+$/.test(name)) throw validationFailed('The name of an alias can not be a number.');
  const routes = routesOf(store, input);
  const machineArn = parseMachineArn(routes[0]?.stateMachineVersionArn ?? '').arn;
  const arn = `${machineArn}:${name}`;
  const now = context.clock.now();
  const before = store.aliases.get(arn);
  const description = optionalText(input, 'description');
  if (
    before &&
    (before.description !== description || JSON.stringify(before.routes) !== JSON.stringify(routes))
  ) {
    throw new AwsError('ConflictException', `Alias ${name} already exists for this state machine.`, 409);
  }
  if (!before) {
    store.aliases.put({ arn, name, machineArn, description, routes, createdAt: now, updatedAt: now });
  }
  return { stateMachineAliasArn: arn, creationDate: seconds(before?.createdAt ?? now) };
}

export function updateAlias(context: AwsContext, store: Store, input: Input) {
  const alias = aliasOf(store, requiredText(input, 'stateMachineAliasArn'));
  const changed: Alias = {
    ...alias,
    description: optionalText(input, 'description') ?? alias.description,
    routes: input['routingConfiguration'] === undefined ? alias.routes : routesOf(store, input),
    updatedAt: context.clock.now(),
  };
  store.aliases.put(changed);
  return { updateDate: seconds(changed.updatedAt) };
}

export function describeAlias(store: Store, input: Input) {
  const { arn, name, description, routes, createdAt, updatedAt } = aliasOf(
    store,
    requiredText(input, 'stateMachineAliasArn'),
  );
  return {
    stateMachineAliasArn: arn,
    name,
    description,
    routingConfiguration: routes,
    creationDate: seconds(createdAt),
    updateDate: seconds(updatedAt),
  };
}

export function listAliases(store: Store, machine: Machine, input: Input) {
  const all = store.aliases.all().filter(({ machineArn }) => machineArn === machine.arn);
  const { items, next } = listed(all, input);
  return {
    stateMachineAliases: items.map(({ arn, createdAt }) => ({
      stateMachineAliasArn: arn,
      creationDate: seconds(createdAt),
    })),
    ...next,
  };
}

export function deleteAlias(store: Store, input: Input) {
  store.aliases.delete(aliasOf(store, requiredText(input, 'stateMachineAliasArn')).arn);
  return {};
}

export function aliasOf(store: Store, arn: string): Alias {
  const alias = store.aliases.get(arn);
  if (!alias) throw resourceNotFound(arn);
  return alias;
}

export function versionOf(store: Store, arn: string): Version {
  const version = store.versions.get(arn);
  if (!version) throw resourceNotFound(arn);
  return version;
}

/** One or two versions of one machine, whose weights are 100 together. */
function routesOf(store: Store, input: Input): Alias['routes'] {
  const given: readonly unknown[] = Array.isArray(input['routingConfiguration'])
    ? input['routingConfiguration']
    : [];
  const routes = given.filter(isObject).map((route) => ({
    stateMachineVersionArn: asText(route['stateMachineVersionArn']),
    weight: Number(route['weight']),
  }));
  const machines = new Set(
    routes.map(({ stateMachineVersionArn }) => versionOf(store, stateMachineVersionArn).machineArn),
  );
  const sum = routes.reduce((total, { weight }) => total + weight, 0);
  if (routes.length < 1 || routes.length > 2 || machines.size !== 1 || sum !== 100) {
    throw validationFailed(
      'The routing configuration must have one or two versions of one state machine, and weights of 100 in sum.',
      'INVALID_ROUTING_CONFIGURATION',
    );
  }
  return routes;
}
