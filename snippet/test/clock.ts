import { mock } from 'node:test';
import { flush } from './fake.ts';

mock.timers.enable({ apis: ['setTimeout'] });

/** No test sleeps: time passes only here. */
export async function pass(ms = 0): Promise<void> {
  await flush();
  mock.timers.tick(ms);
  await flush();
}
