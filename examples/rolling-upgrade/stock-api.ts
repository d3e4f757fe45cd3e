import { call, defineRpcApi } from 'nestjs-oslo-messaging';

/** Reservation in its form on the wire. */
export interface Reservation {
  item: string;
  /** Server that answered. */
  server: string;
  /** Release of that server. */
  release: string;
  /** Since 1.1. */
  note?: string | null;
}

/** The API in release 1.0. In an application, this file has one API: the one of its own release. */
export const stockApi10 = defineRpcApi({
  topic: 'stock',
  version: '1.0',
  methods: { reserve: call<{ item: string }, Reservation>() },
});

/** The API in release 1.1: a reservation can have a note. Servers of 1.0 get the older shape of the arguments. */
export const stockApi11 = defineRpcApi({
  topic: 'stock',
  version: '1.1',
  versionAliases: { antelope: '1.0', bobcat: '1.1' },
  methods: {
    reserve: call<{ item: string; note?: string }, Reservation, '1.1' | '1.0'>({
      since: '1.1',
      fallback: { version: '1.0', args: ({ item }) => ({ item }) },
    }),
  },
});
