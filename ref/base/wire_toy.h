// SPDX-License-Identifier: Apache-2.0
/* A made-up protocol that uses everything the tables can say, for the tests and the fuzz target. */
#ifndef BATON_BASE_WIRE_TOY_H
#define BATON_BASE_WIRE_TOY_H

#include "ref/base/wire.h"

enum { TOY_TYPE, TOY_FLAGS, TOY_LENGTH, TOY_LEVEL, TOY_TICKET };
enum { TOY_NAME = 1, TOY_PLACE = 2, TOY_COLOUR = 3, TOY_SEAL = 9 };
#define TOY_VENDOR 4711

static const struct name toy_flags[] = { { 0x8000, "ASK" }, { 0x4000, "URGENT" }, { 0, NULL } };
static const struct name toy_colours[] = { { 1, "red" }, { 2, "green" }, { 0, NULL } };
static const struct name toy_types[] = { { 1, "hello" }, { 2, "offer" }, { 0, NULL } };

static const struct field toy_header[] = {
	{ "Type", FIELD_ENUM, 1, 0, 0, toy_types, "toy 1" },
	{ "Flags", FIELD_FLAGS, 2, 0, 0, toy_flags, "toy 1" },
	{ "Length", FIELD_LENGTH, 2, 0, 0, NULL, "toy 1" },
	{ "Level", FIELD_UINT, 1, 1, 9, NULL, "toy 1" },
	{ "Ticket", FIELD_UINT, 2, 0, 0, NULL, "toy 1" },
	{ NULL, 0, 0, 0, 0, NULL, NULL },
};

static const struct element toy_elements[] = {
	{ 0, TOY_NAME, "Name", "toy 2.1", { { "Text", FIELD_TEXT, 0, 1, 20, NULL, NULL } } },
	{ 0, TOY_PLACE, "Place", "toy 2.2",
		{ { "Floor", FIELD_UINT, 1, 3, 12, NULL, "toy 2.2.1" },
			{ "Spare", FIELD_RESERVED, 1, 0, 0, NULL, NULL },
			{ "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ TOY_VENDOR, TOY_COLOUR, "Colour", "toy 2.3",
		{ { "Colour", FIELD_ENUM, 2, 1, 2, toy_colours, NULL },
			{ "Station", FIELD_MAC, 6, 0, 0, NULL, NULL },
			{ "Site", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0, TOY_SEAL, "Seal", "toy 2.4", { { "Value", FIELD_OCTETS, 4, 0, 0, NULL, NULL } } },
	{ 0, 0, NULL, NULL, { { NULL, 0, 0, 0, 0, NULL, NULL } } },
};

static const struct occurrence toy_hello[] = {
	{ 0, TOY_NAME, 1, 1, "toy 3.1" },
	{ 0, TOY_PLACE, 0, 2, NULL },
	{ 0, TOY_SEAL, 0, 1, "toy 3" },
	{ 0, 0, 0, 0, NULL },
};

static const struct occurrence toy_offer[] = {
	{ TOY_VENDOR, TOY_COLOUR, 1, OCCURS_ANY, "toy 3.2" },
	{ 0, TOY_NAME, 0, 1, "toy 3.2" },
	{ 0, TOY_SEAL, 1, 1, "toy 3" },
	{ 0, 0, 0, 0, NULL },
};

static const struct message toy_messages[] = {
	{ "HELLO", "hello", 1, 0xc000, 0, toy_hello, false, "toy 3.1" },
	{ "OFFER", "offer", 2, 0x8000, 0x8000, toy_offer, false, "toy 3.2" },
	{ NULL, NULL, 0, 0, 0, NULL, false, NULL },
};

static const struct placement toy_placements[] = {
	{ 0, TOY_SEAL, POSITION_LAST, "toy 3" },
	{ 0, TOY_NAME, POSITION_FIRST, "toy 3" },
	{ 0, 0, POSITION_ANY, NULL },
};

static const struct header_rule toy_rules[] = {
	{ 1, TOY_TICKET, 0, "toy 3.1" },
	{ 0, 0, 0, NULL },
};

static const struct protocol toy_protocol = {
	.name = "toy",
	.specification = "toy",
	.header = toy_header,
	.type_field = TOY_TYPE,
	.flags_field = TOY_FLAGS,
	.format = {
		.code_width = 2,
		.flags_width = 1,
		.length_width = 2,
		.reserved_width = 1,
		.align = 4,
		.vendor_flag = 0x80,
		.length_of_whole = true,
	},
	.elements = toy_elements,
	.messages = toy_messages,
	.placements = toy_placements,
	.header_rules = toy_rules,
	.unknown_section = "toy 4",
};

#endif
