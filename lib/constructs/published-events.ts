/** What destinations of the events of several services have in common: their routes, and what they refuse. */
import type { AnyEventContract } from '../contracts/index.ts';
import type { PublishRoute } from './event-routes.ts';
import type { Rule } from './validation.ts';

/** One route per service, because the publisher looks a route up by the event's source. */
export function routesTo(target: string, events: readonly AnyEventContract[]): readonly PublishRoute[] {
  return [...Map.groupBy(events, ({ source }) => source)].map(([source, ofSource]) => ({
    source,
    target,
    events: ofSource.map(({ name }) => name),
  }));
}

/** @param what the destination, for people */
export function publishedEventRules<Props extends { readonly publishes: readonly AnyEventContract[] }>(
  what: string,
): readonly Rule<Props>[] {
  return [
    ({ publishes }) =>
      publishes.length > 0
        ? undefined
        : {
            code: 'WAYBILL_NOTHING_PUBLISHED',
            prop: 'publishes',
            received: 'no event',
            allowed: 'at least one event',
            fix: `list the events that are published to the ${what}`,
          },
    ({ publishes }) => {
      const names = publishes.map(({ name }) => name);
      const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
      if (twice.length === 0) return undefined;
      return {
        code: 'WAYBILL_DUPLICATE_EVENT',
        prop: 'publishes',
        received: `${twice.join(', ')} more than once`,
        allowed: 'each event name once',
        fix: 'list only the newest version: consumers tell versions apart by the envelope',
      };
    },
  ];
}
