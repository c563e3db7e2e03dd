import { describe, expect, test } from '@jest/globals';
import { agentNames } from '../../../catalog/agents/index.ts';
import {
  AGENT_NAMES,
  agentsConfig,
  ConfigError,
  ENVIRONMENT_NAMES,
  environmentConfig,
  transportsOf,
  withAgents,
} from '../../../lib/config/index.ts';

const dev = environmentConfig('dev');

test('every agent of the catalogue has a place, in every environment', () => {
  expect([...AGENT_NAMES].toSorted()).toEqual([...agentNames].toSorted());
  for (const environment of ENVIRONMENT_NAMES) {
    const { agents, service } = agentsConfig(environmentConfig(environment));
    expect(Object.keys(agents).toSorted()).toEqual([...agentNames].toSorted());
    expect(service.desiredCount).toBeGreaterThan(0);
  }
});

describe('-c agents', () => {
  test.each([
    ['redis', { transport: 'redis', next: [] }],
    ['postgres:redis:sns-sqs', { transport: 'postgres', next: ['redis', 'sns-sqs'] }],
  ])('%s', (given, placement) => {
    const { agents } = agentsConfig(withAgents(dev, given));

    expect(agents.roadmap).toEqual(placement);
    expect(transportsOf(agents.roadmap)).toEqual(given.split(':'));
  });

  test('nothing leaves each agent where it is configured', () => {
    expect(withAgents(dev, undefined)).toBe(dev);
  });

  test.each(['', 'kafka', 'postgres:', 'postgres:postgres', 'postgres,redis', 7, true])(
    '%p is refused',
    (given) => {
      expect(() => withAgents(dev, given)).toThrow(
        expect.objectContaining({ name: ConfigError.name, code: 'WAYBILL_AGENT_TRANSPORT_UNKNOWN' }),
      );
    },
  );
});
