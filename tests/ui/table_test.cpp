#include "ui/table.h"

#include <gtest/gtest.h>

namespace exastro::ui {
namespace {

TEST(Table, AlignsByCharactersAndLeavesNoBlanksAtTheEnds) {
  Table table({{"NAME"}, {"SIZE", Table::Align::kRight}, {"NOTE"}});
  table.add({"日本", "1.0 MiB", ""});
  table.add({"platform", "12 B", "small"});
  EXPECT_EQ(table.text(),
            "NAME         SIZE  NOTE\n"
            "日本        1.0 MiB\n"
            "platform     12 B  small\n");
}

TEST(Table, OfNothingIsNothing) { EXPECT_EQ(Table({{"NAME"}}).text(), ""); }

}  // namespace
}  // namespace exastro::ui
