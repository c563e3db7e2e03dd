import { expect, test } from '@jest/globals';
import { topologyOf } from '../../bin/commands/region.ts';
import type { Topology, TopologyNode } from '../../lib/topology/index.ts';

const isOurs = (stackName: string): boolean => stackName.includes('-commerce');

function topology(region: string | undefined, more: readonly Partial<TopologyNode>[] = []): Topology {
  const relay = {
    id: 'Commerce/Relay',
    kind: 'relay',
    stack: 'waybill-prod-commerce',
    ...(region && { region }),
  };
  return {
    schemaVersion: '1.3',
    environment: 'prod',
    events: [],
    nodes: [relay, ...more] as readonly TopologyNode[],
    edges: [],
  };
}

const first = topology(undefined, [{ id: 'to', kind: 'bus', name: 'events in us-west-2', logicalId: null }]);
const standby = topology('us-west-2');

test('each Region is switched by its own assembly, in whatever order they are given', () => {
  for (const given of [
    [first, standby],
    [standby, first],
  ]) {
    expect(topologyOf('us-east-1', given, isOurs)).toBe(first);
    expect(topologyOf('us-west-2', given, isOurs)).toBe(standby);
  }
});

test('one that is deployed in both Regions serves both', () => {
  const both = topology(undefined);
  expect(topologyOf('us-east-1', [both], isOurs)).toBe(both);
  expect(topologyOf('us-west-2', [both], isOurs)).toBe(both);
});

test('the standby is not switched by the assembly of the Region it stands by for', () => {
  expect(() => topologyOf('us-west-2', [first], isOurs)).toThrow(
    'no assembly that was given is deployed in us-west-2',
  );
  expect(() => topologyOf('us-east-1', [standby], isOurs)).toThrow('us-east-1');
});
