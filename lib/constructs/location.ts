/** The account and Region of a construct, and whether two are in the same. */
import { Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ValidationError } from './errors.ts';

export interface Location {
  readonly account: string;
  readonly region: string;
}

export function locationOf(construct: IConstruct): Location {
  const { account, region } = Stack.of(construct);
  return { account, region };
}

/** How far one is from the other. */
export interface Distance {
  readonly otherAccount: boolean;
  readonly otherRegion: boolean;
}

/**
 * | one stack | the other | distance |
 * |---|---|---|
 * | no env | no env | none: they are deployed with the same credentials |
 * | env | env | as they say |
 * | env | no env | unknown, and refused: a policy that names the wrong account loses messages |
 *
 * @param prop of the construct that connects the two, for the error
 * @throws ValidationError WAYBILL_ENVIRONMENT_UNRESOLVED
 */
export function distanceBetween(construct: IConstruct, other: IConstruct, prop: string): Distance {
  const here = locationOf(construct);
  const there = locationOf(other);
  const unresolved = [here.account, here.region, there.account, there.region].map(Token.isUnresolved);
  if (Stack.of(construct) !== Stack.of(other) && unresolved.some(Boolean) && !unresolved.every(Boolean)) {
    const oneIsUnlikeTheOther = unresolved[0] !== unresolved[2] || unresolved[1] !== unresolved[3];
    if (oneIsUnlikeTheOther) {
      const names = (location: Location) =>
        Object.values(location)
          .map((value: string) => (Token.isUnresolved(value) ? 'unknown' : value))
          .join(' ');
      throw new ValidationError(construct, [
        {
          code: 'WAYBILL_ENVIRONMENT_UNRESOLVED',
          prop,
          received: `${other.node.path} of ${names(there)}, in a stack of ${names(here)}`,
          allowed: 'two stacks with an env, or two without',
          fix: 'give both stacks env: { account, region }: policies of both sides name them',
        },
      ]);
    }
  }
  return { otherAccount: here.account !== there.account, otherRegion: here.region !== there.region };
}

export function isElsewhere({ otherAccount, otherRegion }: Distance): boolean {
  return otherAccount || otherRegion;
}
