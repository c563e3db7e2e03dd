/** The shop and its carrier, in two accounts of one Region. */
import type { App } from 'aws-cdk-lib';
import { CarrierStack } from './carrier-stack.ts';
import { ShopStack } from './shop-stack.ts';

export interface Places {
  readonly region: string;
  readonly shopAccount: string;
  readonly carrierAccount: string;
}

export function createApplication(app: App, { region, shopAccount, carrierAccount }: Places): void {
  const shop = new ShopStack(app, 'Shop', { env: { account: shopAccount, region } });
  new CarrierStack(app, 'Carrier', { shop, env: { account: carrierAccount, region } });
}
